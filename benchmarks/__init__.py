"""Speed and memory of reading reports, as ratios between processes that run in turn."""
