"""The composition root of the window: it wires core, jobs and ui together."""
