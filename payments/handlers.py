"""Which topic of the outbox is handled where: importing the services registers their handlers."""

__all__: list[str] = []
