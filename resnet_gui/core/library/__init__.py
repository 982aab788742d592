"""Many photos and what was answered about them: kept, looked up, as tables. No torch, no Qt."""
