# The job that notes when it starts, for `sidekiq -r`; see start_latency.py.
require "sidekiq"
Sidekiq.configure_server { |config| config.redis = { url: ENV.fetch("BENCH_REDIS") } }
Sidekiq.logger.level = Logger::ERROR

class StartLatency
  include Sidekiq::Worker
  RESULT = File.open(ENV.fetch("BENCH_RESULT"), "a").tap { |file| file.sync = true }

  def perform(sent)
    RESULT.puts(Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - sent)
  end
end
