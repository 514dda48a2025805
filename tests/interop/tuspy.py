"""tuspy: tuspy.py ENDPOINT TOKEN FILE NAME"""

import sys

from tusclient import client

endpoint, token, path, name = sys.argv[1:]
tus = client.TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
uploader = tus.uploader(path, chunk_size=32 << 20, metadata={"filename": name}, retries=60, retry_delay=0.05)
uploader.upload()
