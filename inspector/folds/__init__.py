"""The parts of the store: each folds some kinds of events into one kind of view. Pure: times come from events."""
