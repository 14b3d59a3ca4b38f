"""The engine of the DataLoader tab: order, transforms, collate_fn, the race of workers."""
