// The least a reliable queue can do, by hand: one script moves up to BATCH elements from the queue to a list of its own and
// removes the BATCH it moved before. No fences, leases, retries, envelopes; one connection. Prints cycles a second.
// usage: minimal_cycle PORT JOBS BATCH     build: cc -O2 minimal_cycle.c -lhiredis -o minimal_cycle
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *script =
    "for i = 1, #ARGV - 1 do redis.call('LREM', KEYS[2], -1, ARGV[i + 1]) end "
    "local raws = redis.call('RPOP', KEYS[1], ARGV[1]) "
    "if not raws then return {} end "
    "redis.call('LPUSH', KEYS[2], unpack(raws)) "
    "return raws";

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 4) return 64;
    int port = atoi(arguments[1]), jobs = atoi(arguments[2]), batch = atoi(arguments[3]);
    redisContext *redis = redisConnect("127.0.0.1", port);
    if (!redis || redis->err) return 1;
    freeReplyObject(redisCommand(redis, "DEL {cycle}:queue {cycle}:run"));
    for (int i = 0; i < jobs; i++) {
        redisAppendCommand(redis, "LPUSH {cycle}:queue {\"v\":1,\"id\":\"00000000-0000-4000-8000-%012d\",\"kind\":\"bench\",\"payload\":{\"n\":%d}}", i, i);
        if (i % 1000 == 999 || i == jobs - 1)
            for (int k = i % 1000; k >= 0; k--) { void *reply; redisGetReply(redis, &reply); freeReplyObject(reply); }
    }
    redisReply *loaded = redisCommand(redis, "SCRIPT LOAD %s", script);
    const char **parts = calloc((size_t)batch + 6, sizeof *parts);
    size_t *lengths = calloc((size_t)batch + 6, sizeof *lengths);
    char want[16], digest[64];
    snprintf(want, sizeof want, "%d", batch);
    snprintf(digest, sizeof digest, "%s", loaded->str);
    parts[0] = "EVALSHA"; parts[1] = digest; parts[2] = "2"; parts[3] = "{cycle}:queue"; parts[4] = "{cycle}:run"; parts[5] = want;
    for (int i = 0; i < 6; i++) lengths[i] = strlen(parts[i]);
    redisReply *held = NULL;
    int done = 0;
    double began = now();
    while (done < jobs) {
        size_t acks = held ? held->elements : 0;
        for (size_t i = 0; i < acks; i++) { parts[6 + i] = held->element[i]->str; lengths[6 + i] = held->element[i]->len; }
        redisReply *reply = redisCommandArgv(redis, 6 + (int)acks, parts, lengths);
        if (!reply || reply->type == REDIS_REPLY_ERROR) { fprintf(stderr, "%s\n", reply ? reply->str : redis->errstr); return 1; }
        done += (int)acks;
        if (held) freeReplyObject(held);
        held = reply;
    }
    printf("%.0f\n", jobs / (now() - began));
    return 0;
}
