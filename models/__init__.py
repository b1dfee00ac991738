"""What learns: region geometry, the data-set builder, the networks, their training and their scores."""
