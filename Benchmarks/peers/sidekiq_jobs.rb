# The job that does nothing, for Sidekiq: enqueued in bulk with BENCH_ENQUEUE set, else loaded by `sidekiq -r`.
require "sidekiq"
url = ENV.fetch("BENCH_REDIS")
Sidekiq.configure_client { |config| config.redis = { url: url } }
Sidekiq.configure_server { |config| config.redis = { url: url } }
Sidekiq.logger.level = Logger::ERROR

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
