"""What a run's outputs say of how it was made: source, options, models, versions; and the one builder of `Run`."""
