const BINARY = 'character set utf8mb4 collate utf8mb4_bin';

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

const MILLISECONDS = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";

/** Triggers, and what they call; replaced in a repeated run. They act with the rights of who migrates. */
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
  'drop procedure if exists rampart_consent_by_sql',
  `create procedure rampart_consent_by_sql(
    in given_tenant bigint unsigned, in given_class varchar(64) ${BINARY},
    in given_before varchar(8) ${BINARY}, in given_after varchar(8) ${BINARY}, in given_actor bigint unsigned
  ) sql security definer
  begin
    declare this_tenant varchar(255) ${BINARY} default cast(given_tenant as char);
    declare this_class varchar(64) ${BINARY} default lower(trim(given_class));
    declare this_actor varchar(255) ${BINARY} default coalesce(cast(given_actor as char), concat('sql:', user()));
    declare this_id varchar(64) ${BINARY} default uuid();
    declare this_subject varchar(32) ${BINARY} default null;
    declare what_salt char(32) ${BINARY} default lower(hex(random_bytes(16)));
    declare who_salt char(32) ${BINARY} default lower(hex(random_bytes(16)));
    declare what_data, who_data text ${BINARY};
    declare this_position bigint;
    set what_data = concat('{"before":', if(given_before is null, 'null', json_object('state', given_before)),
      ',"change":', json_object('kind', 'consent', 'tenant', this_tenant, 'featureClass', this_class,
        'consent', json_object('state', given_after)), '}');
    set who_data = json_object('actor', this_actor, 'reason', 'none given: written by SQL');
    insert ignore into rampart_subject (pseudonym, tenant_id, user_id)
      values (lower(hex(random_bytes(16))), this_tenant, '');
    select pseudonym into this_subject from rampart_subject where tenant_id = this_tenant and user_id = '' for update;
    insert into rampart_detail (id, part, subject, actor, flag, salt, data) values
      (this_id, 'what', this_subject, null, null, what_salt, what_data),
      (this_id, 'who', this_subject, this_actor, null, who_salt, who_data);
    insert into rampart_consent_terms (tenant_id, feature_class, version, entry)
      values (this_tenant, this_class, null, this_id)
      on duplicate key update version = null, entry = this_id;
    select position + 1 into this_position from rampart_head where id = 1 for update;
    insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      values (this_position, this_id, 'consent', this_subject, ${MILLISECONDS},
        sha2(concat(what_salt, what_data), 256), sha2(concat(who_salt, who_data), 256), null);
    update rampart_head set position = this_position where id = 1;
  end`,
  'drop trigger if exists rampart_consent_insert',
  `create trigger rampart_consent_insert after insert on tenant_ai_consents for each row
    if @rampart_writer is null then
      call rampart_consent_by_sql(new.tenant_id, new.feature_class, null, new.state, new.actor_user_id);
    end if`,
  'drop trigger if exists rampart_consent_update',
  `create trigger rampart_consent_update after update on tenant_ai_consents for each row
    if @rampart_writer is null then
      if old.tenant_id <> new.tenant_id or lower(trim(old.feature_class)) <> lower(trim(new.feature_class)) then
        call rampart_consent_by_sql(old.tenant_id, old.feature_class, old.state, 'unset', new.actor_user_id);
        call rampart_consent_by_sql(new.tenant_id, new.feature_class, null, new.state, new.actor_user_id);
      else
        call rampart_consent_by_sql(new.tenant_id, new.feature_class, old.state, new.state, new.actor_user_id);
      end if;
    end if`,
  'drop trigger if exists rampart_consent_delete',
  `create trigger rampart_consent_delete after delete on tenant_ai_consents for each row
    if @rampart_writer is null then
      call rampart_consent_by_sql(old.tenant_id, old.feature_class, old.state, 'unset', null);
    end if`,
];
