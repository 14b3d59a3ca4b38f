"""Looking for good hyperparameters: learning-rate range test and sweep."""
