//! What generated people are called, where they work and what they do. All of it is invented or common property.

/// Names of one culture: as they are written, and in ASCII for the userName, separated by `=`.
pub(super) struct Culture {
    /// `preferredLanguage` and `locale`.
    pub(super) language: &'static str,
    /// How many people of a hundred are of it.
    pub(super) share: u64,
    /// Whether the family name comes first.
    pub(super) is_family_first: bool,
    /// What is between the two names.
    pub(super) joint: &'static str,
    pub(super) given: &'static [(&'static str, &'static str)],
    pub(super) family: &'static [(&'static str, &'static str)],
}

const fn culture(
    language: &'static str,
    share: u64,
    given: &'static [(&'static str, &'static str)],
    family: &'static [(&'static str, &'static str)],
) -> Culture {
    Culture { language, share, is_family_first: false, joint: " ", given, family }
}

const fn family_first(culture: Culture, joint: &'static str) -> Culture {
    Culture { is_family_first: true, joint, ..culture }
}

/// The shares add up to a hundred.
pub(super) const CULTURES: [Culture; 17] = [
    culture(
        "en-US",
        22,
        &[
            ("Amelia", "amelia"),
            ("Benjamin", "benjamin"),
            ("Charlotte", "charlotte"),
            ("Daniel", "daniel"),
            ("Evelyn", "evelyn"),
            ("Mary-Jane", "maryjane"),
            ("Grace", "grace"),
            ("Henry", "henry"),
            ("Isla", "isla"),
            ("Jack", "jack"),
            ("Keisha", "keisha"),
            ("Liam", "liam"),
            ("Maya", "maya"),
            ("Noah", "noah"),
            ("Olivia", "olivia"),
            ("Patrick", "patrick"),
        ],
        &[
            ("O'Connor", "oconnor"),
            ("Baker", "baker"),
            ("Carter", "carter"),
            ("D'Angelo", "dangelo"),
            ("Ellis", "ellis"),
            ("Fitz-Gerald", "fitzgerald"),
            ("Greene", "greene"),
            ("Hughes", "hughes"),
            ("Ingram", "ingram"),
            ("Johnson-Reid", "johnsonreid"),
            ("Keller", "keller"),
            ("Lewis", "lewis"),
            ("McAllister", "mcallister"),
            ("Norris", "norris"),
            ("Okafor", "okafor"),
            ("St. James", "stjames"),
        ],
    ),
    culture(
        "en-IE",
        4,
        &[
            ("Aoife", "aoife"),
            ("Seán", "sean"),
            ("Niamh", "niamh"),
            ("Pádraig", "padraig"),
            ("Róisín", "roisin"),
            ("Tadhg", "tadhg"),
        ],
        &[
            ("Ó Briain", "obriain"),
            ("Ní Dhonnchadha", "nidhonnchadha"),
            ("O'Sullivan", "osullivan"),
            ("Mac Cárthaigh", "maccarthaigh"),
            ("Byrne", "byrne"),
        ],
    ),
    culture(
        "de-DE",
        12,
        &[
            ("Jürgen", "juergen"),
            ("Zoë", "zoe"),
            ("Björn", "bjoern"),
            ("Käthe", "kaethe"),
            ("Anneliese", "anneliese"),
            ("Karl-Heinz", "karlheinz"),
            ("Lukas", "lukas"),
            ("Mareike", "mareike"),
            ("Sören", "soeren"),
            ("Ursula", "ursula"),
        ],
        &[
            ("Müller", "mueller"),
            ("Groß", "gross"),
            ("Schäfer-Böhm", "schaeferboehm"),
            ("von der Heide", "vonderheide"),
            ("Weiß", "weiss"),
            ("Özdemir", "oezdemir"),
            ("Krüger", "krueger"),
            ("Vogel", "vogel"),
            ("Lindenthal", "lindenthal"),
            ("Jäger", "jaeger"),
        ],
    ),
    culture(
        "fr-FR",
        8,
        &[
            ("Éloïse", "eloise"),
            ("François", "francois"),
            ("Anaïs", "anais"),
            ("Jean-Luc", "jeanluc"),
            ("Noémie", "noemie"),
            ("Théo", "theo"),
            ("Hélène", "helene"),
            ("Gaëtan", "gaetan"),
            ("Maëlys", "maelys"),
            ("Cédric", "cedric"),
        ],
        &[
            ("Lefèvre", "lefevre"),
            ("d'Aubigné", "daubigne"),
            ("Bérenger", "berenger"),
            ("Du Pré", "dupre"),
            ("L'Hôpital", "lhopital"),
            ("Gauthier", "gauthier"),
            ("Marchand-Cœur", "marchandcoeur"),
            ("Rivière", "riviere"),
            ("Saint-Exupère", "saintexupere"),
        ],
    ),
    culture(
        "es-ES",
        7,
        &[
            ("Íñigo", "inigo"),
            ("María José", "mariajose"),
            ("Begoña", "begona"),
            ("Andrés", "andres"),
            ("Sofía", "sofia"),
            ("Joaquín", "joaquin"),
            ("Lucía", "lucia"),
            ("Ramón", "ramon"),
            ("Itziar", "itziar"),
        ],
        &[
            ("Ibáñez", "ibanez"),
            ("Muñoz Peña", "munozpena"),
            ("de la Fuente", "delafuente"),
            ("Güell", "guell"),
            ("Zúñiga", "zuniga"),
            ("García y Vega", "garciayvega"),
            ("Núñez", "nunez"),
            ("Otxoa", "otxoa"),
        ],
    ),
    culture(
        "pt-BR",
        6,
        &[
            ("João", "joao"),
            ("Conceição", "conceicao"),
            ("Inês", "ines"),
            ("Luís", "luis"),
            ("Thaís", "thais"),
            ("Caetano", "caetano"),
            ("Lívia", "livia"),
        ],
        &[
            ("Gonçalves", "goncalves"),
            ("Magalhães", "magalhaes"),
            ("dos Santos", "dossantos"),
            ("Araújo", "araujo"),
            ("Simões", "simoes"),
            ("Assunção", "assuncao"),
        ],
    ),
    culture(
        "pl-PL",
        4,
        &[
            ("Łukasz", "lukasz"),
            ("Żaneta", "zaneta"),
            ("Małgorzata", "malgorzata"),
            ("Wojciech", "wojciech"),
            ("Agnieszka", "agnieszka"),
            ("Bożena", "bozena"),
        ],
        &[
            ("Wiśniewska", "wisniewska"),
            ("Łukasik", "lukasik"),
            ("Dąbrowski", "dabrowski"),
            ("Źródlak", "zrodlak"),
            ("Wójcik-Święch", "wojcikswiech"),
            ("Zając", "zajac"),
        ],
    ),
    culture(
        "sv-SE",
        4,
        &[
            ("Åsa", "asa"),
            ("Göran", "goran"),
            ("Linnéa", "linnea"),
            ("Örjan", "orjan"),
            ("Märta", "marta"),
            ("Torbjörn", "torbjorn"),
        ],
        &[
            ("Ångström", "angstrom"),
            ("Björklund", "bjorklund"),
            ("Sjöberg", "sjoberg"),
            ("Öberg", "oberg"),
            ("af Ekenstam", "afekenstam"),
            ("Lövgren", "lovgren"),
        ],
    ),
    culture(
        "tr-TR",
        3,
        &[("İpek", "ipek"), ("Çağla", "cagla"), ("Gökhan", "gokhan"), ("Işıl", "isil"), ("Ümit", "umit")],
        &[
            ("Yıldırım", "yildirim"),
            ("Çelik", "celik"),
            ("Şahin", "sahin"),
            ("Güneş", "gunes"),
            ("Öztürk", "ozturk"),
        ],
    ),
    culture(
        "uk-UA",
        4,
        &[
            ("Оксана", "oksana"),
            ("Тарас", "taras"),
            ("Любов", "liubov"),
            ("Ігор", "ihor"),
            ("Соломія", "solomiia"),
            ("Єва", "yeva"),
        ],
        &[
            ("Шевчук", "shevchuk"),
            ("Кравченко", "kravchenko"),
            ("Лук'яненко", "lukianenko"),
            ("Бойко", "boiko"),
            ("Дем'янчук", "demianchuk"),
        ],
    ),
    culture(
        "el-GR",
        3,
        &[
            ("Ελένη", "eleni"),
            ("Γιώργος", "giorgos"),
            ("Αθηνά", "athina"),
            ("Νίκος", "nikos"),
            ("Δήμητρα", "dimitra"),
        ],
        &[
            ("Παπαδόπουλος", "papadopoulos"),
            ("Καραγιάννη", "karagianni"),
            ("Οικονόμου", "oikonomou"),
            ("Βλάχος", "vlachos"),
            ("Σταθάκης", "stathakis"),
        ],
    ),
    culture(
        "ar-EG",
        4,
        &[
            ("ليلى", "layla"),
            ("يوسف", "yusuf"),
            ("فاطمة", "fatima"),
            ("خالد", "khalid"),
            ("نور", "nour"),
            ("عمر", "omar"),
        ],
        &[
            ("الخوري", "alkhouri"),
            ("حداد", "haddad"),
            ("منصور", "mansour"),
            ("عبد الرحمن", "abdelrahman"),
            ("النجار", "alnaggar"),
        ],
    ),
    culture(
        "he-IL",
        3,
        &[("נועה", "noa"), ("איתן", "eitan"), ("תמר", "tamar"), ("יונתן", "yonatan"), ("שירה", "shira")],
        &[
            ("כהן", "cohen"),
            ("לוי", "levi"),
            ("בן־דוד", "bendavid"),
            ("פרידמן", "friedman"),
            ("אלמוג", "almog"),
        ],
    ),
    culture(
        "hi-IN",
        6,
        &[
            ("प्रिया", "priya"),
            ("अर्जुन", "arjun"),
            ("कविता", "kavita"),
            ("रोहन", "rohan"),
            ("मीरा", "meera"),
            ("विक्रम", "vikram"),
        ],
        &[
            ("शर्मा", "sharma"),
            ("पटेल", "patel"),
            ("सिंह", "singh"),
            ("जोशी", "joshi"),
            ("कृष्णन", "krishnan"),
            ("मेहता", "mehta"),
        ],
    ),
    family_first(
        culture(
            "zh-CN",
            4,
            &[
                ("伟", "wei"),
                ("秀英", "xiuying"),
                ("芳", "fang"),
                ("子涵", "zihan"),
                ("建国", "jianguo"),
                ("雨桐", "yutong"),
            ],
            &[
                ("王", "wang"),
                ("李", "li"),
                ("欧阳", "ouyang"),
                ("陈", "chen"),
                ("赵", "zhao"),
                ("刘", "liu"),
            ],
        ),
        "",
    ),
    family_first(
        culture(
            "ja-JP",
            4,
            &[
                ("さくら", "sakura"),
                ("健二", "kenji"),
                ("アンナ", "anna"),
                ("陽菜", "hina"),
                ("ひろし", "hiroshi"),
                ("直美", "naomi"),
            ],
            &[
                ("佐藤", "sato"),
                ("山本", "yamamoto"),
                ("渡辺", "watanabe"),
                ("小林", "kobayashi"),
                ("髙橋", "takahashi"),
                ("伊藤", "ito"),
            ],
        ),
        " ",
    ),
    family_first(
        culture(
            "ko-KR",
            2,
            &[
                ("민준", "minjun"),
                ("서연", "seoyeon"),
                ("지훈", "jihun"),
                ("하은", "haeun"),
                ("수진", "sujin"),
            ],
            &[("김", "kim"), ("이", "lee"), ("박", "park"), ("최", "choi"), ("남궁", "namgung")],
        ),
        "",
    ),
];

/// A place of work. Its telephone numbers are from ranges that authorities set aside for fiction.
#[derive(Clone, Copy)]
pub(super) struct Office {
    pub(super) city: &'static str,
    pub(super) region: &'static str,
    pub(super) country: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) street: &'static str,
    pub(super) timezone: &'static str,
    /// Before the last digits.
    pub(super) phone: &'static str,
    /// How many digits follow.
    pub(super) digits: u32,
}

const fn office(
    place: [&'static str; 5],
    timezone: &'static str,
    phone: &'static str,
    digits: u32,
) -> Office {
    let [street, city, region, postal_code, country] = place;
    Office { city, region, country, postal_code, street, timezone, phone, digits }
}

pub(super) const OFFICES: [Office; 8] = [
    office(
        ["1 Example Wharf", "London", "Greater London", "E14 0AA", "GB"],
        "Europe/London",
        "+44 20 7946 0",
        3,
    ),
    office(["Beispielallee 12", "Berlin", "Berlin", "10115", "DE"], "Europe/Berlin", "+49 30 23125 ", 3),
    office(
        ["8 rue de l'Exemple", "Paris", "Île-de-France", "75001", "FR"],
        "Europe/Paris",
        "+33 1 99 00 ",
        4,
    ),
    office(["500 Sample Avenue", "New York", "NY", "10001", "US"], "America/New_York", "+1 212 555 01", 2),
    office(
        ["77 Placeholder Street", "San Francisco", "CA", "94105", "US"],
        "America/Los_Angeles",
        "+1 415 555 01",
        2,
    ),
    office(
        ["Provgatan 3", "Stockholm", "Stockholms län", "111 20", "SE"],
        "Europe/Stockholm",
        "+46 8 465 004 ",
        2,
    ),
    office(["4 Specimen Road", "Sydney", "NSW", "2000", "AU"], "Australia/Sydney", "+61 2 5550 ", 4),
    office(
        ["21 Example Square", "Manchester", "Greater Manchester", "M1 1AA", "GB"],
        "Europe/London",
        "+44 161 496 0",
        3,
    ),
];

/// Mobile numbers for fiction.
pub(super) const MOBILE: &str = "+44 7700 900";

/// A department: its name, its division, and what people in it do.
pub(super) type Department = (&'static str, &'static str, [&'static str; 4]);

pub(super) const DEPARTMENTS: [Department; 14] = [
    (
        "Engineering",
        "Technology",
        ["Software Engineer", "Senior Software Engineer", "Site Reliability Engineer", "Test Engineer"],
    ),
    (
        "Sales",
        "Commercial",
        [
            "Account Executive",
            "Sales Development Representative",
            "Solutions Consultant",
            "Key Account Manager",
        ],
    ),
    (
        "Customer Support",
        "Commercial",
        ["Support Specialist", "Technical Support Engineer", "Support Analyst", "Escalation Engineer"],
    ),
    (
        "Manufacturing",
        "Operations",
        ["Machine Operator", "Process Engineer", "Shift Coordinator", "Quality Inspector"],
    ),
    ("Logistics", "Operations", ["Warehouse Associate", "Dispatcher", "Customs Specialist", "Fleet Planner"]),
    ("Marketing", "Commercial", ["Content Strategist", "Designer", "Campaign Manager", "Community Manager"]),
    ("Finance", "Corporate", ["Accountant", "Controller", "Payroll Specialist", "Treasury Analyst"]),
    (
        "People & Culture",
        "Corporate",
        ["Recruiter", "HR Business Partner", "Learning Specialist", "Benefits Analyst"],
    ),
    (
        "IT & Security",
        "Technology",
        ["Systems Administrator", "Identity Engineer", "Security Analyst", "Service Desk Agent"],
    ),
    (
        "R&D",
        "Technology",
        ["Research Scientist", "Laboratory Technician", "Data Scientist", "Patent Analyst"],
    ),
    ("Legal", "Corporate", ["Counsel", "Paralegal", "Privacy Officer", "Contract Manager"]),
    ("Procurement", "Operations", ["Buyer", "Category Manager", "Supplier Analyst", "Sourcing Specialist"]),
    ("Product", "Technology", ["Product Manager", "Product Designer", "User Researcher", "Technical Writer"]),
    ("Facilities", "Corporate", ["Facility Coordinator", "Receptionist", "Electrician", "Workplace Planner"]),
];

/// What groups are called beside numbers, departments and cities.
pub(super) const KINDS: [&str; 8] =
    ["App", "Role", "Team", "Project", "Mailing List", "VPN", "Licence", "Zugriff"];
pub(super) const TOPICS: [&str; 20] = [
    "Payroll",
    "Atlas",
    "Wiki Editors",
    "Budget 2027",
    "On-Call",
    "Nordlicht",
    "Expense Approvers",
    "Beta Testers",
    "Données",
    "Пошта",
    "Contractors",
    "Visitors",
    "Σχέδιο",
    "Source Code",
    "Design System",
    "共有",
    "First Aid",
    "Interviewers",
    "Travel",
    "Audit",
];
