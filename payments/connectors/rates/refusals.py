"""Why a file of rates is not taken: one class per fault, each with its own stable cause.

What cannot be fetched whole is not kept at all and is tried again; what was fetched and is wrong is kept as it came,
for people to look at. Neither leaves a rate.
"""

from ledger.errors import InvalidRequest, Unavailable


class RateFileMissing(Unavailable):
    cause = "rate_file_missing"
    default_detail = "There is no file of rates where it should be."


class RateFileIncomplete(Unavailable):
    cause = "rate_file_incomplete"
    default_detail = "The file of rates is still being written, or was cut off: its last line has no end."


class RateFileStale(Unavailable):
    cause = "rate_file_stale"
    default_detail = "The newest rate in the file is too old."


class RateFileUnreadable(InvalidRequest):
    cause = "rate_file_unreadable"
    default_detail = "The file of rates is not wholly understood."


class RateFileDoubled(InvalidRequest):
    cause = "rate_file_doubled"
    default_detail = "A pair stands twice in the file for the same moment."
