"""The annotation server: people label in a browser, a worker trains beside them, the journal is the truth."""
