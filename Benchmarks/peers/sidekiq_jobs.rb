# The job that does nothing, for Sidekiq: enqueued in bulk with BENCH_ENQUEUE set, else loaded by `sidekiq -r`. With
# BENCH_RELIABLE set, jobs are moved to a list of their process and removed when they have ended, as its reliable fetchers do.
require "sidekiq"
require "sidekiq/fetch"
url = ENV.fetch("BENCH_REDIS")
Sidekiq.configure_client { |config| config.redis = { url: url } }
Sidekiq.configure_server { |config| config.redis = { url: url } }
Sidekiq.logger.level = Logger::ERROR

class ReliableFetch < Sidekiq::BasicFetch
  WORKING = "working:#{Process.pid}"

  class Work < Sidekiq::BasicFetch::UnitOfWork
    def acknowledge
      Sidekiq.redis { |redis| redis.lrem(WORKING, 1, job) }
    end

    def requeue
      Sidekiq.redis { |redis| redis.multi { |both| both.rpush(queue, job); both.lrem(WORKING, 1, job) } }
    end
  end

  def retrieve_work
    job = Sidekiq.redis { |redis| redis.brpoplpush(@queues.first, WORKING, timeout: TIMEOUT) }
    Work.new(@queues.first, job) if job
  end
end
Sidekiq.configure_server { Sidekiq.options[:fetch] = ReliableFetch.new(Sidekiq.options) } if ENV["BENCH_RELIABLE"]

class Noop
  include Sidekiq::Worker
  JOBS = ENV.fetch("BENCH_JOBS").to_i
  LOCK = Mutex.new
  @@count = 0

  def perform
    LOCK.synchronize do
      @@began = Process.clock_gettime(Process::CLOCK_MONOTONIC) if @@count.zero?
      @@count += 1
      if @@count == JOBS
        File.write(ENV.fetch("BENCH_RESULT"), (Process.clock_gettime(Process::CLOCK_MONOTONIC) - @@began).to_s)
      end
    end
  end
end

if ENV["BENCH_ENQUEUE"]
  (0...Noop::JOBS).each_slice(1000) { |slice| Sidekiq::Client.push_bulk("class" => Noop, "args" => slice.map { [] }) }
end
