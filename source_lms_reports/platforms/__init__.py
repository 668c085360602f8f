"""What is known of each vendor, as data: one file a platform, and the model of such a file."""
