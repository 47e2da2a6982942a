export const BINARY = 'character set utf8mb4 collate utf8mb4_bin';

// DDL commits by itself there: a run that was interrupted is repeated from its start, so every step may be.
const table = (name: string, columns: string): string =>
  `create table if not exists ${name} (${columns}) engine = InnoDB row_format = dynamic ${BINARY}`;

/** Version 1 on MySQL and MariaDB, without the triggers. */
export const MYSQL_1: readonly string[] = [
  table(
    'rampart_head',
    `id int primary key,
    epoch varchar(32) not null,
    position bigint not null,
    sealed bigint not null,
    mac char(64) not null,
    key_check char(64) not null`,
  ),
  table(
    'rampart_log',
    `position bigint primary key,
    id varchar(64) not null unique,
    kind varchar(32) not null,
    subject varchar(32) not null,
    recorded_at bigint not null,
    what char(64) not null,
    who char(64) not null,
    mac char(64)`,
  ),
  // Always empty: a table that another one refers to can't be truncated, and no trigger could refuse it.
  table('rampart_log_guard', 'position bigint primary key, foreign key (position) references rampart_log (position)'),
  table(
    'rampart_detail',
    `id varchar(64) not null,
    part varchar(4) not null,
    subject varchar(32) not null,
    actor varchar(255),
    flag varchar(255),
    salt char(32) not null,
    data mediumtext not null,
    primary key (id, part),
    key (subject),
    key (actor),
    key (flag)`,
  ),
  table(
    'rampart_subject',
    `pseudonym varchar(32) primary key,
    tenant_id varchar(255) not null,
    user_id varchar(255) not null,
    unique key (tenant_id, user_id)`,
  ),
  // The seed's own statement, which an installation may have carried out already.
  `create table if not exists tenant_ai_consents (
    tenant_id BIGINT UNSIGNED NOT NULL,
    feature_class VARCHAR(64) NOT NULL,
    state ENUM('opt_in','opt_out','unset') NOT NULL,
    actor_user_id BIGINT UNSIGNED,
    set_at DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, feature_class)
  )`,
  table(
    'rampart_consent_terms',
    `tenant_id varchar(255) not null,
    feature_class varchar(64) not null,
    version int,
    entry varchar(64) not null,
    primary key (tenant_id, feature_class)`,
  ),
  table(
    'rampart_user_choice',
    `tenant_id varchar(255) not null,
    user_id varchar(255) not null,
    feature_class varchar(64) not null,
    choice varchar(8),
    entry varchar(64) not null,
    primary key (tenant_id, user_id, feature_class)`,
  ),
  table(
    'rampart_preference',
    'tenant_id varchar(255) primary key, mode varchar(16), bands text, entry varchar(64) not null',
  ),
  table(
    'rampart_override',
    `tenant_id varchar(255) not null,
    id varchar(255) not null,
    flag varchar(255),
    forced varchar(4),
    reason text,
    ends_at bigint,
    entry varchar(64) not null,
    primary key (tenant_id, id)`,
  ),
  table(
    'rampart_consent_model',
    'feature_class varchar(64) primary key, model varchar(16), entry varchar(64) not null',
  ),
  table('rampart_kill', 'id varchar(255) primary key, scope text, reason text, entry varchar(64) not null'),
  table('rampart_mode_cap', 'id varchar(255) primary key, scope text, mode varchar(16), entry varchar(64) not null'),
  table('rampart_confidence_floor', 'id varchar(255) primary key, scope text, bands text, entry varchar(64) not null'),
  table('rampart_calibration', 'flag varchar(255) primary key, error varchar(32), entry varchar(64) not null'),
  table(
    'rampart_flag_edit',
    'server varchar(255) not null, event_id bigint not null, entry varchar(64) not null, primary key (server, event_id)',
  ),
  table(
    'rampart_task',
    `id varchar(64) primary key,
    task mediumtext not null,
    attempts int not null default 0,
    error text,
    done_at bigint,
    result mediumtext,
    key (done_at)`,
  ),
  // Rows to lock, so that writers of one tenant take turns before they look: locks on what isn't there don't exist.
  table('rampart_turn', 'bucket int primary key'),
  `insert ignore into rampart_turn (bucket)
    with recursive numbers as (select 0 as bucket union all select bucket + 1 from numbers where bucket < 255)
    select bucket from numbers`,
];

/** Version 3: what is recorded about `tenant_ai_consents` itself, so that a change that no trigger sees is noticed. */
export const MYSQL_3: readonly string[] = [
  table(
    'rampart_consent_watch',
    `id int primary key,
    observed text,
    broken varchar(255)`,
  ),
  'insert ignore into rampart_consent_watch (id) values (1)',
];

/** When the row of a consent appeared, in ms since 1970; null where it has none, 0 where it appeared twice. To be added once. */
export const MYSQL_3_PRESENT: readonly string[] = [
  `alter table rampart_consent_terms add column present_since bigint,
    add key rampart_consent_present (present_since)`,
  `update rampart_consent_terms t set t.present_since = 1 where exists (select 1 from tenant_ai_consents c
    where c.tenant_id = cast(t.tenant_id as unsigned)
      and lower(trim(convert(c.feature_class using utf8mb4))) collate utf8mb4_bin = t.feature_class)`,
];

/** Version 2: measurements. */
export const MYSQL_2: readonly string[] = [
  table(
    'rampart_event',
    `id varchar(64) primary key,
    name varchar(100) not null,
    happened_at bigint not null,
    received_at bigint not null,
    tenant_id varchar(255),
    user_id varchar(255),
    flag varchar(255),
    change_flag varchar(255),
    variant varchar(255),
    value double,
    attributes text,
    source varchar(255) not null,
    key (name, happened_at, id),
    key (happened_at, id),
    key (tenant_id, user_id)`,
  ),
];

/** Version 4: finds the exposures of a change. To be added once. */
export const MYSQL_4: readonly string[] = [
  'alter table rampart_event add key rampart_event_change (change_flag, name, happened_at, id)',
];

/** Triggers on the log; replaced in a repeated run. They act with the rights of the user that migrates. */
export const MYSQL_TRIGGERS_1: readonly string[] = [
  'drop trigger if exists rampart_log_update',
  `create trigger rampart_log_update before update on rampart_log for each row
    if not (old.mac is null and new.mac is not null and old.position = new.position and old.id = new.id
        and old.kind = new.kind and old.subject = new.subject and old.recorded_at = new.recorded_at
        and old.what = new.what and old.who = new.who) then
      signal sqlstate '45000' set message_text = 'rampart_log is append-only: UPDATE is refused';
    end if`,
  'drop trigger if exists rampart_log_delete',
  `create trigger rampart_log_delete before delete on rampart_log for each row
    signal sqlstate '45000' set message_text = 'rampart_log is append-only: DELETE is refused'`,
];
