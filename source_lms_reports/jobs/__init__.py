"""Report jobs: order, wait, fetch. Pure: the clock and the chance come from outside, the requests too."""
