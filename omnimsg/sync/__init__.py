"""The synchronous client: for Django, Celery, Airflow, scripts, and any code in a thread.

```python
from omnimsg import Message
from omnimsg.sync import Client

with Client.from_config("omnimsg.toml") as client:
    accepted = client.send(Message("+37255500001", "Your table is ready"))
    print(accepted.id, client.status(accepted.id).status)
```

The methods are those of `omnimsg.Client`, and so are the errors.
"""

from omnimsg.sync.client import Client
from omnimsg.sync.wsgi import Receiver

__all__ = ["Client", "Receiver"]
