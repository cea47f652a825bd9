"""Objects in a bucket of S3 or a store that speaks like it. Importing this loads no boto3: the first call does."""

from registry.storage.s3.driver import S3Driver
from registry.storage.s3.errors import S3Error
from registry.storage.s3.settings import S3Settings

__all__ = ["S3Driver", "S3Error", "S3Settings"]
