"""What takes how long, beside peers: `python -m benchmarks.speed` in the repository's root."""
