"""From the bytes of a download to proven tables; knows neither report jobs nor schemas."""
