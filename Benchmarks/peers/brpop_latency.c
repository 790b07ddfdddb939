// The least time from a push to its reader: a thread that sleeps in BRPOP, and nothing else. A job whose reader dies is lost.
// 100 pushes a second, as queue-bench start-latency makes them. Prints the milliseconds from just before LPUSH to the answer.
// usage: brpop_latency PORT PUSHES     build: cc -O2 brpop_latency.c -lhiredis -lpthread -o brpop_latency
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int port, pushes;
static long *delays;

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void *read_pushes(void *unused) {
    redisContext *redis = redisConnect("127.0.0.1", port);
    for (int i = 0; i < pushes; i++) {
        redisReply *reply = redisCommand(redis, "BRPOP {brpop} 0");
        delays[i] = now() - atol(reply->element[1]->str);
        freeReplyObject(reply);
    }
    redisFree(redis);
    return unused;
}

static int ascending(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    if (count != 3) return 64;
    port = atoi(arguments[1]);
    pushes = atoi(arguments[2]);
    if (pushes < 1 || !(delays = calloc((size_t)pushes, sizeof *delays))) return 64;
    redisContext *redis = redisConnect("127.0.0.1", port);
    if (!redis || redis->err) return 1;
    pthread_t reader;
    pthread_create(&reader, NULL, read_pushes, NULL);
    sleep(1);
    for (int i = 0; i < pushes; i++) {
        usleep(10000);
        freeReplyObject(redisCommand(redis, "LPUSH {brpop} %ld", now()));
    }
    pthread_join(reader, NULL);
    qsort(delays, (size_t)pushes, sizeof *delays, ascending);
    printf("p50 %.3f ms, p99 %.3f ms\n", delays[pushes / 2] / 1e6, delays[(long)pushes * 99 / 100] / 1e6);
    redisFree(redis);
    free(delays);
}
