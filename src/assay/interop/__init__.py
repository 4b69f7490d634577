"""Other tools' logs in, our results out."""
