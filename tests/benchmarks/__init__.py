"""`make bench`: what the ledger costs beside plain PostgreSQL, measured on one private server in the same minutes.

Never part of the test suite and never a verdict on time: it prints ratios and writes them down.
"""
