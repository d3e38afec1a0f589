"""The shared vocabulary: pure, standard library only, imported by every other room."""
