/// Every setting there is, in the order of docs/configuration.md.
public enum Catalogue {
    public static let all: [SettingDescription] =
        CommonSettings.descriptions + QueueTuning.descriptions + APISettings.descriptions
        + WorkerSettings.descriptions + MediaSettings.descriptions
}
