/// The word that a person would use for a colour: `red`, `dark blue`, `beige`.
enum ColorName {
    static func of(_ color: OKLab) -> String {
        // Little colour in dark and very light tones is not seen as one.
        if color.l < 0.2 || color.l < 0.3 && color.chroma < 0.04 { return "black" }
        if color.chroma < 0.03 || color.l > 0.96 && color.chroma < 0.04 { return grey(color.l) }
        return switch color.hue {
        case 10..<36: reddish(color)
        case 36..<62: color.l < 0.6 ? brown(color) : color.chroma < 0.09 ? "beige" : "orange"
        case 62..<88: yellowOrange(color)
        case 88..<120: yellowish(color)
        case 120..<168: shaded("green", color)
        case 168..<212: color.l > 0.8 ? "turquoise" : "teal"
        case 212..<287: shaded("blue", color)
        case 287..<332: color.l > 0.7 ? "light purple" : shaded("purple", color)
        default: color.l < 0.4 ? "dark red" : "pink"
        }
    }

    private static func grey(_ lightness: Double) -> String {
        switch lightness {
        case ..<0.45: "dark grey"
        case ..<0.72: "grey"
        case ..<0.93: "light grey"
        default: "white"
        }
    }

    private static func reddish(_ color: OKLab) -> String {
        if color.l > 0.74 { return "pink" }
        if color.chroma < 0.09 { return brown(color) }
        return color.l < 0.42 ? "dark red" : "red"
    }

    private static func yellowOrange(_ color: OKLab) -> String {
        if color.l < 0.62 { return brown(color) }
        return color.chroma < 0.1 ? "beige" : "orange"
    }

    private static func yellowish(_ color: OKLab) -> String {
        if color.l < 0.65 { return "olive" }
        if color.chroma < 0.06 { return "beige" }
        return color.l > 0.95 && color.chroma < 0.12 ? "light yellow" : "yellow"
    }

    private static func brown(_ color: OKLab) -> String { color.l < 0.38 ? "dark brown" : "brown" }

    private static func shaded(_ name: String, _ color: OKLab) -> String {
        // A dark green is lighter than a dark purple: CSS's have 0.44 and 0.34.
        if color.l < (name == "green" ? 0.45 : 0.4) { return "dark " + name }
        return color.l > 0.78 && color.chroma < 0.2 ? "light " + name : name
    }
}
