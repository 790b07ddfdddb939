"""The job that does nothing, for each peer: it counts, and writes how long all of them took when the last has run."""

import asyncio
import os
import sys
import time

JOBS = int(os.environ.get("BENCH_JOBS", "10000"))
URL = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/0")
RESULT = os.environ.get("BENCH_RESULT", "/dev/null")
state = {"count": 0, "began": 0.0}


def count():
    if state["count"] == 0:
        state["began"] = time.monotonic()
    state["count"] += 1
    if state["count"] == JOBS:
        with open(RESULT, "w", encoding="ascii") as file:
            file.write(str(time.monotonic() - state["began"]))


async def arq_noop(_):
    count()


async def saq_noop(_):
    count()


def rq_noop():
    count()


def arq_settings():
    from arq.connections import RedisSettings

    return RedisSettings.from_dsn(URL)


def make_huey():
    from huey import RedisHuey

    queue = RedisHuey("bench", url=URL, results=False)

    @queue.task()
    def noop():
        count()

    return queue, noop


def make_dramatiq():
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=URL)
    dramatiq.set_broker(broker)

    @dramatiq.actor(max_retries=0)
    def noop():
        count()

    return broker, noop


def make_celery():
    from celery import Celery

    app = Celery("bench", broker=URL)
    app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=100)

    @app.task(name="noop")
    def noop():
        count()

    return app, noop


def make_taskiq():
    from taskiq_redis import ListQueueBroker

    broker = ListQueueBroker(URL)

    @broker.task(task_name="noop")
    async def noop():
        count()

    return broker, noop


async def enqueue_async(name):
    if name == "arq":
        from arq import create_pool

        pool = await create_pool(arq_settings())
        for start in range(0, JOBS, 20):
            await asyncio.gather(*(pool.enqueue_job("arq_noop") for _ in range(start, min(start + 20, JOBS))))
    elif name == "saq":
        from saq import Queue

        queue = Queue.from_url(URL)
        for start in range(0, JOBS, 200):
            await asyncio.gather(*(queue.enqueue("saq_noop") for _ in range(start, min(start + 200, JOBS))))
        await queue.disconnect()
    elif name == "taskiq":
        broker, noop = make_taskiq()
        await broker.startup()
        for start in range(0, JOBS, 200):
            await asyncio.gather(*(noop.kiq() for _ in range(start, min(start + 200, JOBS))))
        await broker.shutdown()


def enqueue(name):
    if name in ("arq", "saq", "taskiq"):
        return asyncio.run(enqueue_async(name))
    if name == "rq":
        import redis
        from rq import Queue

        queue = Queue("bench", connection=redis.Redis.from_url(URL))
        for start in range(0, JOBS, 1000):
            queue.enqueue_many([Queue.prepare_data(rq_noop, result_ttl=0) for _ in range(start, min(start + 1000, JOBS))])
    elif name == "huey":
        _, noop = make_huey()
        for _ in range(JOBS):
            noop()
    elif name == "dramatiq":
        _, noop = make_dramatiq()
        for _ in range(JOBS):
            noop.send()
    elif name == "celery":
        app, noop = make_celery()
        with app.connection_for_write() as connection:
            for _ in range(JOBS):
                noop.apply_async(connection=connection)


def work(name):
    if name == "arq":
        from arq.worker import Worker

        Worker([arq_noop], redis_settings=arq_settings(), max_jobs=100, poll_delay=0.01, keep_result=0).run()
    elif name == "saq":
        from saq import Queue, Worker

        async def run():
            await Worker(Queue.from_url(URL), [saq_noop], concurrency=100).start()

        asyncio.run(run())
    elif name == "taskiq":
        from taskiq.receiver import Receiver

        async def run():
            broker, _ = make_taskiq()
            broker.is_worker_process = True
            await broker.startup()
            await Receiver(broker, max_async_tasks=100).listen(asyncio.Event())

        asyncio.run(run())
    elif name == "rq":
        import redis
        from rq import Queue, SimpleWorker

        connection = redis.Redis.from_url(URL)
        SimpleWorker([Queue("bench", connection=connection)], connection=connection).work(logging_level="ERROR")
    elif name == "huey":
        queue, _ = make_huey()
        queue.create_consumer(workers=1, worker_type="thread", periodic=False, initial_delay=0.001, max_delay=0.001).run()
    elif name == "dramatiq":
        import dramatiq

        broker, _ = make_dramatiq()
        dramatiq.Worker(broker, worker_threads=8).start()
        time.sleep(3600)
    elif name == "celery":
        app, _ = make_celery()
        app.Worker(pool="solo", loglevel="ERROR", without_gossip=True, without_mingle=True, quiet=True).start()


if __name__ == "__main__":
    sys.modules["peer_jobs"] = sys.modules["__main__"]
    {"enqueue": enqueue, "work": work}[sys.argv[1]](sys.argv[2])
