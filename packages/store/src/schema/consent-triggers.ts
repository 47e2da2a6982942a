import { BINARY } from './mysql.js';

/** A trigger on `tenant_ai_consents`. */
export interface ConsentTrigger {
  readonly name: string;
  /** When it fires; always after the row has changed. */
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly body: string;
}

/** A procedure; dropped and created again where its body differs. */
export interface ConsentProcedure {
  readonly name: string;
  /** Between the name and the body. */
  readonly head: string;
  readonly body: string;
}

/** The database's clock, in ms since 1970. */
const MILLISECONDS = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";

/**
 * Records what became of one row. `present_since` is 0 where a row appears that is there already by the log: it was removed
 * where no trigger saw it, or has a second spelling. Reads nothing of the head before it locks it, and locks no other rows of
 * the table: writers of old code must not wait for each other more than they have to.
 */
const RECORD: ConsentProcedure = {
  name: 'rampart_consent_record',
  head: `(
    in given_tenant bigint unsigned, in given_class varchar(255) ${BINARY},
    in given_before varchar(255) ${BINARY}, in given_after varchar(255) ${BINARY},
    in given_actor varchar(255) ${BINARY}, in is_new int
  ) sql security definer`,
  body: `begin
    declare this_tenant varchar(255) ${BINARY} default cast(given_tenant as char);
    declare this_class varchar(64) ${BINARY} default left(lower(trim(given_class)), 64);
    declare this_actor varchar(255) ${BINARY} default coalesce(given_actor, concat('sql:', user()));
    declare this_id varchar(64) ${BINARY} default uuid();
    declare this_subject varchar(32) ${BINARY} default null;
    declare what_salt char(32) ${BINARY} default lower(hex(random_bytes(16)));
    declare who_salt char(32) ${BINARY} default lower(hex(random_bytes(16)));
    declare what_data, who_data text ${BINARY};
    declare this_position bigint;
    set what_data = concat('{"before":', if(given_before is null, 'null', json_object('state', given_before)),
      ',"change":', json_object('kind', 'consent', 'tenant', this_tenant, 'featureClass', this_class,
        'consent', json_object('state', coalesce(given_after, if(is_new is null, 'unset', null)))), '}');
    set who_data = json_object('actor', this_actor, 'reason', 'none given: written by SQL');
    insert ignore into rampart_subject (pseudonym, tenant_id, user_id)
      values (lower(hex(random_bytes(16))), this_tenant, '');
    select pseudonym into this_subject from rampart_subject where tenant_id = this_tenant and user_id = '' for update;
    insert into rampart_detail (id, part, subject, actor, flag, salt, data) values
      (this_id, 'what', this_subject, null, null, what_salt, what_data),
      (this_id, 'who', this_subject, this_actor, null, who_salt, who_data);
    insert into rampart_consent_terms (tenant_id, feature_class, version, entry, present_since)
      values (this_tenant, this_class, null, this_id, if(is_new is null, null, ${MILLISECONDS}))
      on duplicate key update version = null, entry = this_id, present_since = case
        when is_new is null then null when present_since is null then ${MILLISECONDS}
        when is_new = 1 then 0 else present_since end;
    select position + 1 into this_position from rampart_head where id = 1 for update;
    insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      values (this_position, this_id, 'consent', this_subject, ${MILLISECONDS},
        sha2(concat(what_salt, what_data), 256), sha2(concat(who_salt, who_data), 256), null);
    update rampart_head set position = this_position where id = 1;
  end`,
};

/** Lists the triggers with the rights of the user that migrated: a service needs EXECUTE on it, and no TRIGGER. */
const WATCH: ConsentProcedure = {
  name: 'rampart_consent_triggers',
  head: '() sql security definer',
  body: `select trigger_name as name, concat(action_timing, ' ', event_manipulation) as event,
      md5(action_statement) as body, cast(unix_timestamp(created) as char) as created
    from information_schema.triggers
    where event_object_schema = database() and event_object_table = 'tenant_ai_consents' order by trigger_name`,
};

/** In the order in which they are created. */
export const CONSENT_PROCEDURES: readonly ConsentProcedure[] = [RECORD, WATCH];

/** The procedure that lists the triggers. */
export const LIST_TRIGGERS: string = `call ${WATCH.name}()`;

/** Record the writes of every program but Rampart, which records its own. */
export const CONSENT_TRIGGERS: readonly ConsentTrigger[] = [
  {
    name: 'rampart_consent_insert',
    event: 'INSERT',
    body: `if @rampart_writer is null then
    call ${RECORD.name}(new.tenant_id, new.feature_class, null, left(new.state, 255), new.actor_user_id, 1);
  end if`,
  },
  {
    name: 'rampart_consent_update',
    event: 'UPDATE',
    body: `if @rampart_writer is null then
    if old.tenant_id <> new.tenant_id
        or lower(trim(convert(old.feature_class using utf8mb4))) collate utf8mb4_bin
          <> lower(trim(convert(new.feature_class using utf8mb4))) collate utf8mb4_bin then
      call ${RECORD.name}(old.tenant_id, old.feature_class, left(old.state, 255), null, new.actor_user_id, null);
      call ${RECORD.name}(new.tenant_id, new.feature_class, null, left(new.state, 255), new.actor_user_id, 1);
    else
      call ${RECORD.name}(new.tenant_id, left(new.feature_class, 255), left(old.state, 255), left(new.state, 255), new.actor_user_id, 0);
    end if;
  end if`,
  },
  {
    name: 'rampart_consent_delete',
    event: 'DELETE',
    body: `if @rampart_writer is null then
    call ${RECORD.name}(old.tenant_id, old.feature_class, left(old.state, 255), null, null, null);
  end if`,
  },
];
