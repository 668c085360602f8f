"""The Singer tap: the same sync behind another door. Knows nothing of the CDK."""
