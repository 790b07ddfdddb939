#if DEBUG
    internal import Glibc
    internal import Synchronization
#endif

/// The places at which a process may end by accident: right before and right after each call to Redis, PostgreSQL and
/// storage. Tests end it at each of them in turn and look whether everything comes right again.
///
/// Only debug builds have them: nothing in the environment of a process in service may be able to kill it. In release
/// builds these functions are empty and vanish where they are called.
public enum CrashPoint {
    #if DEBUG
        /// Where the process ends: in which part of its work, and at which place there, counted from 1; 0: nowhere.
        private static let order = order(getenv("FLOTILLA_CRASH_AT").map { String(cString: $0) } ?? "")
        private static let fatal = order.place
        private static let passed = Atomic<Int>(0)
        private static let hasBegun = Atomic<Bool>(false)
        private static let leftOut: pthread_key_t = {
            var key = pthread_key_t()
            pthread_key_create(&key, nil)
            return key
        }()

        private static func order(_ text: String) -> (part: String, place: Int) {
            let words = text.split(separator: " ")
            return words.count == 2 ? (String(words[0]), Int(words[1]) ?? 0) : ("", 0)
        }

        /// From here on places count, if this part is under test.
        public static func begin(_ part: StaticString = "claim") {
            if fatal > 0, order.part == part.description { hasBegun.store(true, ordering: .relaxed) }
        }

        /// What the calling thread does is not under test, and comes at times of its own.
        public static func leaveOutThisThread() { pthread_setspecific(leftOut, UnsafeRawPointer(bitPattern: 1)) }

        /// Ends the process with SIGKILL where this is the place that `FLOTILLA_CRASH_AT` names (`claim 12`).
        public static func pass(_ place: StaticString) {
            guard fatal > 0, hasBegun.load(ordering: .relaxed), pthread_getspecific(leftOut) == nil,
                passed.add(1, ordering: .relaxed).newValue == fatal
            else { return }
            let line = "\ncrash point \(fatal): \(place)\n"
            _ = write(STDERR_FILENO, line, line.utf8.count)
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    #else
        @inlinable public static func begin(_ part: StaticString = "claim") {}
        @inlinable public static func leaveOutThisThread() {}
        @inlinable public static func pass(_ place: StaticString) {}
    #endif
}
