"""Which orders a sync needs, over which windows. Pure."""
