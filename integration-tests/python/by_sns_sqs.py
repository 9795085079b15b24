"""SNS and SQS by boto3. There is no binding: the body is the event in structured mode."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import boto3

from events import FORMAT, Strict, check_media


def client(service: str, url: str):
    given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return boto3.client(
        service,
        region_name=urlsplit(url).hostname,
        endpoint_url=given["endpoint"],
        aws_access_key_id=given["access_key"],
        aws_secret_access_key=given["secret_key"],
    )


def topic_arn(url: str, topic: str) -> str:
    account = parse_qs(urlsplit(url).query)["account"][0]
    return f"arn:aws:sns:{urlsplit(url).hostname}:{account}:{topic}.fifo"


def send(url, topic, mode, events):
    assert mode == "structured", mode
    sns = client("sns", url)
    media = {"content-type": {"DataType": "String", "StringValue": FORMAT.get_content_type()}}
    for event in events:
        sns.publish(
            TopicArn=topic_arn(url, topic),
            Message=FORMAT.write(event).decode(),
            MessageAttributes=media,
            MessageGroupId="python",
            MessageDeduplicationId=str(uuid4()),
        )


def listen(url, topic, _mode):
    sns, sqs = client("sns", url), client("sqs", url)
    queue = sqs.create_queue(QueueName=f"{topic}-python.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(
        TopicArn=topic_arn(url, topic), Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    yield None
    try:
        while True:
            got = sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
            )
            for message in got.get("Messages", []):
                yield (lambda: read(message)), None
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            yield None
    finally:
        sqs.delete_queue(QueueUrl=queue)


def read(message):
    check_media(message["MessageAttributes"]["content-type"]["StringValue"])
    return FORMAT.read(Strict, message["Body"])
