/** Version 1 on PostgreSQL and PGlite. */
export const POSTGRES_1: readonly string[] = [
  `create table rampart_head (
    id int primary key check (id = 1),
    epoch varchar(32) not null,
    position bigint not null,
    sealed bigint not null,
    mac char(64) not null,
    key_check char(64) not null
  ) with (fillfactor = 10)`,
  `create table rampart_log (
    position bigint primary key,
    id varchar(64) not null unique,
    kind varchar(32) not null,
    subject varchar(32) not null,
    recorded_at bigint not null,
    what char(64) not null,
    who char(64) not null,
    mac char(64)
  )`,
  `create function rampart_log_is_append_only() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        if old.mac is null and new.mac is not null and (old.position, old.id, old.kind, old.subject, old.recorded_at,
            old.what, old.who) = (new.position, new.id, new.kind, new.subject, new.recorded_at, new.what, new.who) then
          return new;
        end if;
      end if;
      raise exception 'rampart_log is append-only: % is refused', tg_op using errcode = 'restrict_violation';
    end
  $$`,
  `create trigger rampart_log_rows before update or delete on rampart_log
    for each row execute function rampart_log_is_append_only()`,
  `create trigger rampart_log_all before truncate on rampart_log
    for each statement execute function rampart_log_is_append_only()`,
  `create table rampart_detail (
    id varchar(64) not null,
    part varchar(4) not null,
    subject varchar(32) not null,
    actor varchar(255),
    flag varchar(255),
    salt char(32) not null,
    data text not null,
    primary key (id, part)
  )`,
  `create index rampart_detail_subject on rampart_detail (subject) where subject <> ''`,
  `create index rampart_detail_actor on rampart_detail (actor) where actor is not null`,
  `create index rampart_detail_flag on rampart_detail (flag) where flag is not null`,
  `create table rampart_subject (
    pseudonym varchar(32) primary key,
    tenant_id varchar(255) not null,
    user_id varchar(255) not null,
    unique (tenant_id, user_id)
  )`,
  `create table if not exists tenant_ai_consents (
    tenant_id varchar(255) not null,
    feature_class varchar(64) not null,
    state varchar(8) not null check (state in ('opt_in', 'opt_out', 'unset')),
    actor_user_id varchar(255),
    set_at timestamptz not null,
    primary key (tenant_id, feature_class)
  )`,
  `create table rampart_consent_terms (
    tenant_id varchar(255) not null,
    feature_class varchar(64) not null,
    version int,
    entry varchar(64) not null,
    primary key (tenant_id, feature_class)
  )`,
  `create table rampart_user_choice (
    tenant_id varchar(255) not null,
    user_id varchar(255) not null,
    feature_class varchar(64) not null,
    choice varchar(8),
    entry varchar(64) not null,
    primary key (tenant_id, user_id, feature_class)
  )`,
  `create table rampart_preference (
    tenant_id varchar(255) primary key, mode varchar(16), bands text, entry varchar(64) not null
  )`,
  `create table rampart_override (
    tenant_id varchar(255) not null,
    id varchar(255) not null,
    flag varchar(255),
    forced varchar(4),
    reason text,
    ends_at bigint,
    entry varchar(64) not null,
    primary key (tenant_id, id)
  )`,
  'create table rampart_consent_model (feature_class varchar(64) primary key, model varchar(16), entry varchar(64) not null)',
  'create table rampart_kill (id varchar(255) primary key, scope text, reason text, entry varchar(64) not null)',
  'create table rampart_mode_cap (id varchar(255) primary key, scope text, mode varchar(16), entry varchar(64) not null)',
  `create table rampart_confidence_floor (
    id varchar(255) primary key, scope text, bands text, entry varchar(64) not null
  )`,
  'create table rampart_calibration (flag varchar(255) primary key, error varchar(32), entry varchar(64) not null)',
  `create table rampart_flag_edit (
    server varchar(255) not null, event_id bigint not null, entry varchar(64) not null, primary key (server, event_id)
  )`,
  `create table rampart_task (
    id varchar(64) primary key,
    task text not null,
    attempts int not null default 0,
    error text,
    done_at bigint,
    result text
  )`,
  'create index rampart_task_pending on rampart_task (id) where done_at is null',
];

/** Version 2: measurements. */
export const POSTGRES_2: readonly string[] = [
  `create table rampart_event (
    id varchar(64) primary key,
    name varchar(100) not null,
    happened_at bigint not null,
    received_at bigint not null,
    tenant_id varchar(255),
    user_id varchar(255),
    flag varchar(255),
    change_flag varchar(255),
    variant varchar(255),
    value double precision,
    attributes text,
    source varchar(255) not null
  )`,
  'create index rampart_event_name on rampart_event (name, happened_at, id)',
  'create index rampart_event_time on rampart_event (happened_at, id)',
  'create index rampart_event_subject on rampart_event (tenant_id, user_id) where tenant_id is not null',
];

/** Version 4: finds the exposures of a change. */
export const POSTGRES_4: readonly string[] = [
  'create index rampart_event_change on rampart_event (change_flag, name, happened_at, id) where change_flag is not null',
];
