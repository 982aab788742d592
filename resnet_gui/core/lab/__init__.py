"""What the Lab shows: histories, sentences, layer statistics, diagrams."""
