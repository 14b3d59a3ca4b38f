"""The engine of the DataLoader tab: batches, transforms, collate_fn, the race of workers."""
