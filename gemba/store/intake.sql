-- An INSERT into the views question and feedback becomes an event. The functions run with their owner's rights,
-- because people may not append events themselves; the tenant is the session's all the same.

CREATE OR REPLACE FUNCTION gemba.submit_question() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    id uuid := gen_random_uuid();
    t text := gemba.session_tenant();
BEGIN
    IF t IS NULL THEN
        RAISE EXCEPTION 'this session has no tenant' USING ERRCODE = 'insufficient_privilege',
            HINT = 'ask for a login with gemba.store.analysts.add_analyst, or set gemba.tenant in the transaction';
    END IF;
    IF new.tenant IS NOT NULL AND new.tenant <> t THEN
        RAISE EXCEPTION 'tenant % is not yours', new.tenant USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF coalesce(trim(new.text), '') = '' OR coalesce(trim(new.model), '') = '' THEN
        RAISE EXCEPTION 'a question needs text and model' USING ERRCODE = 'not_null_violation',
            HINT = 'INSERT INTO gemba.question (text, model) VALUES (''Why did scrap rise last week?'', ''factory'')';
    END IF;
    PERFORM gemba.append_events(
        'intake/' || id, 0, ARRAY[gen_random_uuid()], ARRAY['QuestionSubmitted'], ARRAY[1],
        ARRAY[jsonb_build_object(
            'text', new.text, 'model', new.model, 'as_of', new.as_of,
            'asked_by', coalesce(new.asked_by, session_user)
        )::text]
    );
    PERFORM pg_notify('gemba_' || md5(t), 'intake/' || id);
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION gemba.give_feedback() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    t text := gemba.session_tenant();
BEGIN
    IF t IS NULL THEN
        RAISE EXCEPTION 'this session has no tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF new.vote IS NULL OR new.vote NOT IN ('up', 'down') THEN
        RAISE EXCEPTION 'vote is up or down' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM gemba_projection.insight i WHERE i.tenant = t AND i.insight_id = new.insight_id
    ) THEN
        RAISE EXCEPTION 'there is no insight %', new.insight_id USING ERRCODE = 'foreign_key_violation',
            HINT = 'SELECT insight_id, summary FROM gemba.insight_history';
    END IF;
    PERFORM gemba.append_events(
        'feedback/' || new.insight_id, NULL, ARRAY[gen_random_uuid()], ARRAY['FeedbackGiven'], ARRAY[1],
        ARRAY[jsonb_build_object(
            'insight_id', new.insight_id, 'vote', new.vote, 'why', coalesce(new.why, ''),
            'by', coalesce(new.given_by, session_user)
        )::text]
    );
    PERFORM pg_notify('gemba_' || md5(t), 'feedback/' || new.insight_id);
    RETURN new;
END $$;

CREATE TRIGGER submit INSTEAD OF INSERT ON gemba.question
    FOR EACH ROW EXECUTE FUNCTION gemba.submit_question();
CREATE TRIGGER give INSTEAD OF INSERT ON gemba.feedback
    FOR EACH ROW EXECUTE FUNCTION gemba.give_feedback();
