"""What makes models, tables and screenshots (see `benchmarks` for what measures)."""
