"""From tables to typed batches of records; knows neither vendors nor file formats."""
