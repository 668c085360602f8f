"""The programs that read the same report: one a file, each run as a process of its own."""
