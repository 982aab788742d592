"""Worker lanes: run any generator in a thread and bring its events to the main thread."""
