SELECT 'quote', q.id::text, p.problem
  FROM payments_fxquote q
  CROSS JOIN LATERAL (SELECT payments_fxquote_problem(q.id)) AS p (problem)
 WHERE p.problem IS NOT NULL AND ({since} = 0 OR q.created_at > now() - interval '2 days')
