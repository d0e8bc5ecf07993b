"""The columns of a rate file, and what its values look like.

A CSV file in UTF-8: `base,counter,rate,published_at`, one rate per line, decimals with a point, times in RFC 3339 with
their zone. The format is ours; it carries what the ECB does not publish: pegged currencies, crypto assets, a rate that
was agreed with a bank.

Every line has an end, the last one too: without it the file is still being written. Cut between two lines it is a
shorter file, whose lines are as good as before; the whole one brings the rest. Best written under another name
and then renamed. A file whose newest rate is stale is refused whole; fetched as history it may be of any age.
"""

COLUMNS = ("base", "counter", "rate", "published_at")
KIND, HISTORY = "rates-csv", "rates-csv-history"
MAX_BYTES = 1024 * 1024
MAX_LINES = 10_000
