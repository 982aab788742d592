"""Training. `config`, `presets`, `events` and `schedules` need no torch; the rest does."""
