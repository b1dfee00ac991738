"""Region experts: geometry, data set, networks, training, evaluation, and the manifest shared with `realtime`."""
