"""Sends one message by Kafka and waits for its end.

    pip install confluent-kafka
    python send_by_kafka.py BROKERS PREFIX ACCOUNT NUMBER TEXT

PREFIX is Carillon's setting upstream.topic_prefix; ACCOUNT is one of upstream.accounts.
"""

import json
import sys
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

SOURCE = "/examples/python"
WAIT_S = 60


def main(brokers, prefix, account, number, text):
    request = str(uuid.uuid4())
    # Who waits for answers looks first, from where the topics end now.
    answers = answers_from_now(brokers, [f"{prefix}.events", f"{prefix}.requests.dlq"])
    # Until all copies have it the request is not sent; a retry of the client does not write it twice.
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "enable.idempotence": True})
    headers = {
        "ce_specversion": "1.0",
        "ce_type": "carillon.message.send",
        "ce_source": SOURCE,
        "ce_id": request,
        "ce_account": account,
        "content-type": "application/json",
    }
    value = json.dumps({"to": number, "text": text})
    producer.produce(f"{prefix}.requests", value, headers=list(headers.items()), on_delivery=check)
    producer.flush(WAIT_S)
    message = None
    while True:
        record = answers.poll(WAIT_S)
        if record is None:
            sys.exit("nothing came in time")
        if record.error():
            raise KafkaException(record.error())
        head = {name: (value or b"").decode(errors="replace") for name, value in record.headers() or []}
        kind = head["ce_type"]
        if kind == "carillon.request.refused":
            if (head.get("origin_ce_source"), head.get("origin_ce_id")) == (SOURCE, request):
                sys.exit(f"refused: {head['ce_code']} {head['ce_field']}: {head['ce_reason']}")
            continue
        event = json.loads(record.value())
        if kind == "carillon.message.accepted" and (event["request_source"], event["request_id"]) == (SOURCE, request):
            message = event["id"]
            print("accepted", message)
        if kind == "carillon.message.receipt" and event["id"] == message:
            print(event["status"], event.get("cause", ""))
            return


def check(error, _record):
    if error:
        raise KafkaException(error)


def answers_from_now(brokers, topics):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"examples-{uuid.uuid4()}", "enable.auto.commit": False})
    places = []
    for topic in topics:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            _first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            places.append(TopicPartition(topic, partition, end))
    consumer.assign(places)
    return consumer


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
