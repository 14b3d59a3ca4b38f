"""What the tabs share: controls, events, numbers, and what visitors bring."""
