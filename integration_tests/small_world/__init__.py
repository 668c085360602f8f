"""A small world around the command line: `python -m integration_tests.small_world [--minutes M] [--seed S]`.

A vendor of the sandbox holds rows that somebody creates, changes, dates back and plans while real processes of the
connector read them. Some are killed in the middle of a request, the platform may not have taken all that they wrote,
some read up to an end date, and each goes on from the state of the one before. At the end all is quiet for a sync,
and then the destination must hold what the vendor holds.

All choices are made by a seed, and what happens hangs on requests, not on time, so a story that failed can be told
again. `unit_tests/sync/world` plays thousands of such stories in one process, with faults of every kind.
"""
