"""What a user waits for: from ready to landed, and for the list of streams."""
