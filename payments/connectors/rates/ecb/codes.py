"""The names in the ECB's files, and where each file is published.

Source: the European Central Bank's page "Euro foreign exchange reference rates": `eurofxref-daily.xml` has the last
publication, `eurofxref-hist-90d.xml` those of the last 90 days. One euro is the base of every rate.
"""

BASE = "EUR"
DAILY, HISTORY = "eurofxref-daily", "eurofxref-hist-90d"
PATHS = {kind: f"/stats/eurofxref/{kind}.xml" for kind in (DAILY, HISTORY)}
ENVELOPE = "http://www.gesmes.org/xml/2002-08-01"
VOCABULARY = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref"
SUBJECT = "Reference rates"
SENDER = "European Central Bank"
