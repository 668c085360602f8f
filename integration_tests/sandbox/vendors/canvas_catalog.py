"""The 20 account reports of Canvas: titles, declared parameters and columns (Canvas source, account_reports plugin).

A column is written `name`, `name:int`, `name:num` or `name:bool`; ` ?switch` at its end says which switch of the
institution brings it (`!switch`: takes it away). Dates are text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportType:
    """One report type: `params` are (name, required, description) as the list of reports declares them."""

    title: str
    params: tuple[tuple[str, bool, str], ...]
    outputs: dict[str, tuple[str, ...]]


REPORT_TYPES: dict[str, ReportType] = {
    "eportfolio_report_csv": ReportType(
        "Eportfolio Report",
        (
            ("no_enrollments", False, "Only ePortfolios of users without any enrollment"),
            ("include_deleted", False, "Switches the scope to deleted ePortfolios ONLY"),
        ),
        {
            "eportfolio_report": (
                "eportfolio_name", "eportfolio_id:int", "author_name", "author_id:int", "author_sis_id",
                "author_login_id", "created_at", "updated_at", "is_public:bool", "workflow_state",
            ),
        },
    ),
    "grade_export_csv": ReportType(
        "Grade Export",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "grade_export": (
                "student name", "student id:int", "student sis", "student integration id ?integration_ids", "course",
                "course id:int", "course sis", "section", "section id:int", "section sis", "term", "term id:int",
                "term sis", "current score:num", "final score:num", "enrollment state", "unposted current score:num",
                "unposted final score:num", "override score:num ?grade_override", "current grade", "final grade",
                "unposted current grade", "unposted final grade", "override grade ?grade_override",
            ),
        },
    ),
    "mgp_grade_export_csv": ReportType(
        "Multiple Grading Periods Grade Export",
        (
            ("enrollment_term_id", True, "Canvas term id"),
        ),
        {
            "<term name>": (
                "student name", "student id:int", "student sis", "student integration id ?integration_ids", "course",
                "course id:int", "course sis", "section", "section id:int", "section sis", "term", "term id:int",
                "term sis", "grading period set", "grading period set id:int", "{periods}", "current score:num",
                "final score:num", "enrollment state", "unposted current score:num", "unposted final score:num",
                "override score:num ?grade_override", "current grade", "final grade", "unposted current grade",
                "unposted final grade", "override grade ?grade_override",
            ),
        },
    ),
    "last_user_access_csv": ReportType(
        "Last User Access",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("course_id", False, "Limit to one course"),
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "last_user_access": (
                "user id:int", "user sis id", "user name", "last access at", "last ip",
            ),
        },
    ),
    "last_enrollment_activity_csv": ReportType(
        "Last Enrollment Activity",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("course_id", False, "Limit to one course"),
        ),
        {
            "last_enrollment_activity": (
                "user id:int", "user name", "last activity at",
            ),
        },
    ),
    "outcome_export_csv": ReportType(
        "Outcome Export",
        (),
        {
            "outcome_export": (
                "vendor_guid", "object_type", "title", "description", "friendly_description", "display_name",
                "calculation_method ?!mastery_scales", "calculation_int:int ?!mastery_scales", "parent_guids",
                "workflow_state", "mastery_points:num ?!mastery_scales", "ratings ?!mastery_scales",
            ),
        },
    ),
    "outcome_results_csv": ReportType(
        "Outcome Results",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("order", False, "Row order"),
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "outcome_results": (
                "student name", "student id:int", "student sis id", "assessment title", "assessment id:int",
                "assessment type", "submission date", "submission score:num", "learning outcome name",
                "learning outcome id:int", "attempt:int", "outcome score:num", "assessment question",
                "assessment question id", "course name", "course id:int", "course sis id", "section name",
                "section id:int", "section sis id", "assignment url", "learning outcome friendly name",
                "learning outcome points possible:num", "learning outcome mastery score:num",
                "learning outcome mastered:int", "learning outcome rating", "learning outcome rating points:num",
                "learning outcome group title", "learning outcome group id:int", "account id:int", "account name",
                "enrollment state",
            ),
        },
    ),
    "student_assignment_outcome_map_csv": ReportType(
        "Student Competency",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "student_assignment_outcome_map": (
                "student name", "student id:int", "student sis id", "assignment title", "assignment id:int",
                "submission date", "submission score:num", "learning outcome name", "learning outcome id:int",
                "attempt:int", "outcome score:num", "course name", "course id:int", "course sis id", "section name",
                "section id:int", "section sis id", "assignment url", "learning outcome friendly name",
                "learning outcome points possible:num", "learning outcome mastery score:num",
                "learning outcome mastered:int", "learning outcome rating", "learning outcome rating points:num",
                "learning outcome group title", "learning outcome group id:int", "account id:int", "account name",
                "enrollment state",
            ),
        },
    ),
    "provisioning_csv": ReportType(
        "Provisioning",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("users", False, "Include the users file"),
            ("accounts", False, "Include the accounts file"),
            ("terms", False, "Include the terms file"),
            ("courses", False, "Include the courses file"),
            ("sections", False, "Include the sections file"),
            ("enrollments", False, "Include the enrollments file"),
            ("groups", False, "Include the groups file"),
            ("group_membership", False, "Include the group_membership file"),
            ("group_categories", False, "Include the group_categories file"),
            ("xlist", False, "Include the xlist file"),
            ("user_observers", False, "Include the user_observers file"),
            ("admins", False, "Include the admins file"),
            ("institutional_tag_categories", False, "Include the institutional_tag_categories file"),
            ("institutional_tags", False, "Include the institutional_tags file"),
            ("institutional_tag_associations", False, "Include the institutional_tag_associations file"),
            ("created_by_sis", False, "Only objects created by SIS import"),
            ("include_deleted", False, "Also report deleted objects"),
            ("enrollment_filter", False, "Only these enrollment types in the enrollments file"),
            ("enrollment_states", False, "Only these enrollment states in the enrollments file"),
        ),
        {
            "users": (
                "canvas_user_id:int", "user_id", "integration_id", "authentication_provider_id", "login_id",
                "first_name", "last_name", "full_name", "sortable_name", "short_name", "email", "status",
                "created_by_sis:bool", "pronouns ?pronouns",
            ),
            "accounts": (
                "canvas_account_id:int", "account_id", "canvas_parent_id:int", "parent_account_id", "name", "status",
                "created_by_sis:bool",
            ),
            "terms": (
                "canvas_term_id:int", "term_id", "name", "status", "start_date", "end_date", "created_by_sis:bool",
            ),
            "courses": (
                "canvas_course_id:int", "course_id", "integration_id", "short_name", "long_name",
                "canvas_account_id:int", "account_id", "canvas_term_id:int", "term_id", "status", "start_date",
                "end_date", "course_format", "canvas_blueprint_course_id:int", "blueprint_course_id",
                "created_by_sis:bool",
            ),
            "sections": (
                "canvas_section_id:int", "section_id", "canvas_course_id:int", "course_id", "integration_id", "name",
                "status", "start_date", "end_date", "canvas_account_id:int", "account_id", "created_by_sis:bool",
            ),
            "enrollments": (
                "canvas_course_id:int", "course_id", "canvas_user_id:int", "user_id", "role", "role_id:int",
                "canvas_section_id:int", "section_id", "status", "canvas_associated_user_id:int",
                "associated_user_id", "created_by_sis:bool", "base_role_type", "limit_section_privileges:bool",
                "canvas_enrollment_id:int", "canvas_temporary_enrollment_source_user_id:int ?temporary_enrollments",
                "temporary_enrollment_source_user_id ?temporary_enrollments", "root_account ?consortium",
            ),
            "groups": (
                "canvas_group_id:int", "group_id", "canvas_group_category_id:int", "group_category_id",
                "canvas_account_id:int", "account_id", "canvas_course_id:int", "course_id", "name", "status",
                "created_by_sis:bool", "context_id:int", "context_type", "max_membership:int",
            ),
            "group_membership": (
                "canvas_group_id:int", "group_id", "canvas_user_id:int", "user_id", "status", "created_by_sis:bool",
            ),
            "group_categories": (
                "canvas_group_category_id:int", "group_category_id", "context_id:int", "context_type", "name", "role",
                "self_signup", "group_limit:int", "auto_leader", "status",
            ),
            "xlist": (
                "canvas_xlist_course_id:int", "xlist_course_id", "canvas_section_id:int", "section_id", "status",
                "canvas_nonxlist_course_id:int", "nonxlist_course_id",
            ),
            "user_observers": (
                "canvas_observer_id:int", "observer_id", "canvas_student_id:int", "student_id", "status",
                "created_by_sis:bool",
            ),
            "admins": (
                "admin_user_name", "canvas_user_id:int", "user_id", "canvas_account_id:int", "account_id",
                "role_id:int", "role", "status", "created_by_sis:bool", "root_account ?consortium",
            ),
            # The header of these three is in no readable source: the SIS import's columns, and what provisioning adds.
            "institutional_tag_categories": (
                "canvas_category_id", "category_id", "name", "description", "status", "created_by_sis",
            ),
            "institutional_tags": (
                "canvas_institutional_tag_id", "institutional_tag_id", "canvas_category_id", "category_id", "name",
                "description", "status", "created_by_sis",
            ),
            "institutional_tag_associations": (
                "canvas_institutional_tag_id", "institutional_tag_id", "canvas_user_id", "user_id", "status",
                "created_by_sis",
            ),
        },
    ),
    "sis_export_csv": ReportType(
        "SIS Export",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("users", False, "Include the users file"),
            ("accounts", False, "Include the accounts file"),
            ("terms", False, "Include the terms file"),
            ("courses", False, "Include the courses file"),
            ("sections", False, "Include the sections file"),
            ("enrollments", False, "Include the enrollments file"),
            ("groups", False, "Include the groups file"),
            ("group_membership", False, "Include the group_membership file"),
            ("group_categories", False, "Include the group_categories file"),
            ("xlist", False, "Include the xlist file"),
            ("user_observers", False, "Include the user_observers file"),
            ("admins", False, "Include the admins file"),
            ("institutional_tag_categories", False, "Include the institutional_tag_categories file"),
            ("institutional_tags", False, "Include the institutional_tags file"),
            ("institutional_tag_associations", False, "Include the institutional_tag_associations file"),
            ("created_by_sis", False, "Only objects created by SIS import"),
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "users": (
                "user_id", "integration_id", "authentication_provider_id", "login_id", "password", "first_name",
                "last_name", "full_name", "sortable_name", "short_name", "email", "status", "pronouns ?pronouns",
            ),
            "accounts": (
                "account_id", "parent_account_id", "name", "status",
            ),
            "terms": (
                "term_id", "name", "status", "start_date", "end_date",
            ),
            "courses": (
                "course_id", "integration_id", "short_name", "long_name", "account_id", "term_id", "status",
                "start_date", "end_date", "course_format", "blueprint_course_id",
            ),
            "sections": (
                "section_id", "course_id", "integration_id", "name", "status", "start_date", "end_date",
            ),
            "enrollments": (
                "course_id", "user_id", "role", "role_id:int", "section_id", "status", "associated_user_id",
                "limit_section_privileges:bool", "temporary_enrollment_source_user_id ?temporary_enrollments",
                "root_account ?consortium",
            ),
            "groups": (
                "group_id", "group_category_id", "account_id", "course_id", "name", "status",
            ),
            "group_membership": (
                "group_id", "user_id", "status",
            ),
            "group_categories": (
                "group_category_id", "account_id", "course_id", "category_name", "status",
            ),
            "xlist": (
                "xlist_course_id", "section_id", "status",
            ),
            "user_observers": (
                "observer_id", "student_id", "status",
            ),
            "admins": (
                "user_id", "account_id", "role_id:int", "role", "status", "root_account ?consortium",
            ),
            "institutional_tag_categories": (
                "category_id", "name", "description", "status",
            ),
            "institutional_tags": (
                "institutional_tag_id", "category_id", "name", "description", "status",
            ),
            "institutional_tag_associations": (
                "institutional_tag_id", "user_id", "status",
            ),
        },
    ),
    "recently_deleted_courses_csv": ReportType(
        "Recently Deleted Courses",
        (
            ("enrollment_term_id", False, "Canvas term id"),
        ),
        {
            "recently_deleted_courses": (
                "id:int", "sis id", "short name", "name", "start date", "end date",
            ),
        },
    ),
    "unpublished_courses_csv": ReportType(
        "Unpublished Courses",
        (
            ("enrollment_term_id", False, "Canvas term id"),
        ),
        {
            "unpublished_courses": (
                "id:int", "sis id", "short name", "name", "start date", "end date",
            ),
        },
    ),
    "public_courses_csv": ReportType(
        "Public Courses",
        (
            ("enrollment_term_id", False, "Canvas term id"),
        ),
        {
            "public_courses": (
                "id:int", "sis id", "short name", "name", "start date", "end date",
            ),
        },
    ),
    "course_storage_csv": ReportType(
        "Course Storage",
        (
            ("enrollment_term_id", False, "Canvas term id"),
        ),
        {
            "course_storage": (
                "id:int", "sis id", "short name", "name", "account id:int", "account sis id", "account name",
                "storage used in MB:num", "sum of all files in MB:num",
            ),
        },
    ),
    "unused_courses_csv": ReportType(
        "Unused Courses",
        (
            ("enrollment_term_id", False, "Canvas term id"),
        ),
        {
            "unused_courses": (
                "course id:int", "course sis id", "short name", "long name", "status", "created at",
            ),
        },
    ),
    "students_with_no_submissions_csv": ReportType(
        "Students with no submissions",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("course_id", False, "Limit to one course"),
            ("start_at", True, "Window start"),
            ("end_at", True, "Window end"),
            ("include_enrollment_state", False, "Adds the enrollment state column"),
            ("enrollment_state", False, "Enrollment states to report"),
        ),
        {
            "students_with_no_submissions": (
                "user id:int", "user sis id", "user name", "section id:int", "section sis id", "section name",
                "course id:int", "course sis id", "course name", "enrollment state ?enrollment_state",
            ),
        },
    ),
    "zero_activity_csv": ReportType(
        "Zero Activity",
        (
            ("enrollment_term_id", False, "Canvas term id"),
            ("start_at", False, "Start of the no-activity window"),
            ("course_id", False, "Limit to one course"),
        ),
        {
            "zero_activity": (
                "user id:int", "user sis id", "name", "section id:int", "section sis id", "section name",
                "course id:int", "course sis id", "course name",
            ),
        },
    ),
    "user_access_tokens_csv": ReportType(
        "User Access Tokens",
        (
            ("include_deleted", False, "Also tokens of deleted users"),
            ("exclude_deleted_and_expired", False, "Without deleted and expired tokens"),
        ),
        {
            "user_access_tokens": (
                "user id:int", "user name", "id:int ?token_details", "purpose ?token_details", "token hint",
                "visible token ?token_details", "creation ?token_status", "expiration", "last used",
                "status ?token_status", "dev key id:int", "dev key name",
            ),
        },
    ),
    "lti_report_csv": ReportType(
        "LTI Report",
        (
            ("include_deleted", False, "Also report deleted objects"),
        ),
        {
            "lti_report": (
                "context_type", "context_id:int", "account_name", "course_name", "tool_id:int", "tool_type_name",
                "tool_type_id", "tool_created_at", "privacy_level", "launch_url", "custom_fields",
            ),
        },
    ),
    "developer_key_report_csv": ReportType(
        "Developer Keys Report",
        (),
        {
            "developer_key_report": (
                "Global ID:int", "Key Name", "Inherited from Parent Account:bool", "Contact Info", "Key Type",
                "Placements", "Status", "Permitted API Endpoints",
            ),
        },
    ),
}  # fmt: skip
