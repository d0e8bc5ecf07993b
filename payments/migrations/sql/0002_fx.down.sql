DROP TRIGGER conversion_append_only ON payments_conversion;
DROP TRIGGER conversion_is_its_quote ON payments_conversion;
DROP FUNCTION payments_conversion_guard();
DROP FUNCTION payments_fxquote_problem(uuid);
DROP FUNCTION payments_conversion_differences(uuid, uuid);
DROP FUNCTION payments_public_id(text, uuid);
