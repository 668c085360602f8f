"""One read: orders are shared, streams are read, the state moves. Knows nothing of the CDK."""
