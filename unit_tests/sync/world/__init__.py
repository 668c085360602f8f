"""A world in one process: a vendor whose rows change while syncs run, fail, are killed and go on; nothing may be lost.

Everything happens in simulated time, by one seed: a story that fails is told again by its seed. Plans, states, readers
and files are the connector's own; only the requests are played (`vendor.SimulatedVendor`) and the threads
(`dispatch.SimulatedDispatch`).

    python -m unit_tests.sync.world --minutes 60          many stories
    python -m unit_tests.sync.world --seed 1234567        one story, told step by step
"""
