"""The adapters between the connector and the Airbyte CDK."""
